//! The comparison of all kinds of dispatch, over all rounds of a command.

use super::outcome::Outcome;
use super::spread::Spread;
use super::table::{aligned, duration};

/// A figure of a run.
type Figure = fn(&Spread) -> f64;

/// Returns the comparison of runs of the same load: for each row and each kind of dispatch the
/// median of its runs, and in brackets the lowest and the highest run.
pub(super) fn compare(runs: &[Outcome]) -> String {
    let mut names: Vec<_> = runs.iter().map(|run| run.dispatch.as_str()).collect();
    // The kinds alternate, so the first round names each of them once.
    let first = names.first().copied();
    let kinds = names.iter().skip(1).position(|name| Some(*name) == first);
    names.truncate(kinds.map_or(names.len(), |place| place + 1));
    let table = |title, figure: Figure| aligned(&rows(title, &names, runs, figure));
    let ends = |run: &Outcome| (run.head, run.justified, run.finalized);
    let are_equal = runs.windows(2).all(|pair| ends(&pair[0]) == ends(&pair[1]));
    let equal = if are_equal { "equal" } else { "NOT EQUAL" };
    let rounds = match runs.len() / names.len() {
        1 => String::new(),
        rounds => {
            format!("medians of {rounds} runs each, in brackets the lowest and the highest\n")
        }
    };
    format!(
        "{rounds}{}{}heads, justified and finalized checkpoints: {equal}\n",
        table("p99", |spread| spread.p99_us),
        table("max", |spread| spread.max_us),
    )
}

fn rows(title: &str, names: &[&str], runs: &[Outcome], figure: Figure) -> Vec<Vec<String>> {
    let row = |name: &str, of: &dyn Fn(&Outcome) -> Option<Spread>| {
        let cell = |dispatch: &&str| {
            let runs = runs.iter().filter(|run| run.dispatch == **dispatch);
            summary(runs.filter_map(|run| Some(figure(&of(run)?))).collect())
        };
        [name.to_owned()].into_iter().chain(names.iter().map(cell)).collect::<Vec<_>>()
    };
    let mut rows = vec![[title].iter().chain(names).map(|name| (*name).to_owned()).collect()];
    for line in runs.first().iter().flat_map(|run| &run.calls) {
        let call = |run: &Outcome| run.calls.iter().find(|call| call.site == line.site).cloned();
        rows.push(row(line.site.name(), &|run| Some(call(run)?.on_network_thread)));
        rows.push(row("  and lay before", &|run| Some(call(run)?.lay)));
    }
    rows.push(row("tick: late", &|run| Some(run.tick_lateness)));
    rows.push(row("tick: handled", &|run| Some(run.tick_handled)));
    rows.push(row("loop's own timer: late", &|run| Some(run.host.as_ref()?.timer_lateness)));
    rows
}

/// Formats the figures of several runs. The median is a measured figure: of an even number, the
/// lower one of the two in the middle.
fn summary(mut figures: Vec<f64>) -> String {
    figures.sort_by(f64::total_cmp);
    let (Some(least), Some(greatest)) = (figures.first(), figures.last()) else {
        return "–".to_owned();
    };
    let median = duration(figures[(figures.len() - 1) / 2]);
    if figures.len() == 1 {
        return median;
    }
    format!("{median} ({} … {})", duration(*least), duration(*greatest))
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn the_summary_has_the_median_and_both_ends() {
        assert_eq!(summary(vec![2000.0, 1.0, 30.0]), "30 µs (1.0 µs … 2.0 ms)");
        assert_eq!(summary(vec![4.0, 3.0, 2.0, 1.0]), "2.0 µs (1.0 µs … 4.0 µs)");
        assert_eq!((summary(vec![5.0]), summary(Vec::new())), ("5.0 µs".into(), "–".into()));
    }
}
