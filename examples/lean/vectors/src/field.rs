//! Access to a vector's JSON. Errors state the position in the vector.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A value in a vector, with its path for error messages.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    value: &'a Value,
    path: String,
}

/// A vector does not have the form of its format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub(super) struct Malformed {
    path: String,
    problem: String,
}

impl<'a> Field<'a> {
    /// Returns the field for a whole vector.
    pub(super) fn top(vector: &'a Value) -> Self {
        Self { value: vector, path: String::from("vector") }
    }

    /// Returns the value of a key of an object.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when there is no such key, or its value is null.
    pub(super) fn at(&self, key: &str) -> Result<Self, Malformed> {
        self.maybe(key).ok_or_else(|| self.malformed(format_args!("`{key}` is missing")))
    }

    /// Returns the value of a key of an object, or `None` if the key is missing or null. The
    /// generator omits null values in some places.
    pub(super) fn maybe(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Self { value, path: format!("{}.{key}", self.path) })
    }

    /// Returns the elements of a list: a plain array, or an object with the array under `data`.
    pub(super) fn list(&self) -> Result<Vec<Self>, Malformed> {
        let elements = self.elements()?.iter().enumerate();
        Ok(elements
            .map(|(index, value)| Self { value, path: format!("{}[{index}]", self.path) })
            .collect())
    }

    /// Reads every element of a list with the same function.
    pub(super) fn each<T>(
        &self,
        read: impl Fn(&Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        self.list()?.iter().map(read).collect()
    }

    /// Returns the keys and values of an object.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Self)>, Malformed> {
        let object = self.value.as_object().ok_or_else(|| self.malformed("expected an object"))?;
        let entry = |(key, value): (&'a String, &'a Value)| {
            (key.as_str(), Self { value, path: format!("{}.{key}", self.path) })
        };
        Ok(object.iter().map(entry).collect())
    }

    /// Reads an unsigned integer: a JSON number or a string of decimal digits. The generator writes
    /// some integers as floats without a fraction.
    pub(super) fn uint(&self) -> Result<u64, Malformed> {
        let text = || self.value.as_str().and_then(|text| text.parse().ok());
        let number = || {
            self.value
                .as_f64()
                .filter(|number| number.fract() == 0.0 && (0.0..9e15).contains(number))
        };
        let float = || number().map(|number| number as u64);
        self.value
            .as_u64()
            .or_else(text)
            .or_else(float)
            .ok_or_else(|| self.malformed("expected an unsigned integer"))
    }

    /// Returns the JSON value.
    pub(super) fn json(&self) -> &'a Value {
        self.value
    }

    /// Reads a boolean.
    pub(super) fn flag(&self) -> Result<bool, Malformed> {
        self.value.as_bool().ok_or_else(|| self.malformed("expected true or false"))
    }

    /// Reads a string.
    pub(super) fn text(&self) -> Result<&'a str, Malformed> {
        self.value.as_str().ok_or_else(|| self.malformed("expected a text"))
    }

    /// Reads bytes in hex, with or without the prefix `0x`.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Malformed> {
        let text = self.text()?;
        hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|error| self.malformed(error))
    }

    /// Reads a string and parses it.
    pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(&self) -> Result<T, Malformed> {
        self.text()?.parse().map_err(|error| self.malformed(error))
    }

    /// Reads the bits of a bitlist or bitvector.
    pub(super) fn bits(&self) -> Result<Vec<bool>, Malformed> {
        let bit = |value: &Value| {
            value.as_bool().ok_or_else(|| self.malformed("expected true and false"))
        };
        self.elements()?.iter().map(bit).collect()
    }

    /// Returns whether this value equals `value`.
    pub(super) fn is(&self, value: &Value) -> bool {
        self.value == value
    }

    /// Returns the value as JSON text, for reports.
    pub(super) fn shown(&self) -> String {
        self.value.to_string()
    }

    /// Creates an error at the position of this value.
    pub(super) fn malformed(&self, problem: impl fmt::Display) -> Malformed {
        Malformed { path: self.path.clone(), problem: problem.to_string() }
    }

    fn elements(&self) -> Result<&'a [Value], Malformed> {
        let elements = self.value.get("data").unwrap_or(self.value).as_array();
        elements.map(Vec::as_slice).ok_or_else(|| self.malformed("expected a list"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Field;

    #[test]
    fn an_error_says_where_it_is() {
        let vector = json!({"steps": [{"time": 3}, {"time": "soon"}]});
        let steps = Field::top(&vector)
            .at("steps")
            .expect("there are steps")
            .list()
            .expect("they are a list");
        assert_eq!(steps[0].at("time").and_then(|time| time.uint()), Ok(3));
        let error = steps[1].at("time").and_then(|time| time.uint()).expect_err("no number");
        assert_eq!(error.to_string(), "vector.steps[1].time: expected an unsigned integer");
        let error = steps[1].at("block").expect_err("no block");
        assert_eq!(error.to_string(), "vector.steps[1]: `block` is missing");
    }

    #[test]
    fn numbers_come_as_numbers_as_digits_and_as_floats_without_a_fraction() {
        let read = |value| Field::top(&value).uint().ok();
        assert_eq!(read(json!(u64::MAX)), Some(u64::MAX));
        assert_eq!(read(json!(u64::MAX.to_string())), Some(u64::MAX));
        assert_eq!(read(json!(1600.0)), Some(1600));
        assert_eq!((read(json!(0.5)), read(json!(-1)), read(json!(true))), (None, None, None));
    }
}
