//! The lines of fork choice: one for each block, the newest first, with a column for each branch.

use std::cmp::Reverse;

use lean_node::events::Forks;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The place of the block in the event.
    pub(crate) block: usize,
    /// The characters of the columns.
    pub(crate) columns: String,
    /// Whether the block is of the head's chain.
    pub(crate) is_of_head: bool,
}

/// The characters of a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs {
    pub(crate) of_head: char,
    pub(crate) other: char,
    pub(crate) edge: char,
    pub(crate) bend: char,
    pub(crate) across: char,
}

/// Returns the lines with at most this many columns. Branches beyond share the last one. An event
/// with a wrong parent has lines as well.
pub(crate) fn lines(forks: &Forks, most: usize, signs: Signs) -> Vec<Line> {
    let blocks = &forks.blocks;
    let parent = |place: usize| blocks[place].parent.filter(|parent| *parent < place);
    let mut order: Vec<_> = (0..blocks.len()).collect();
    order.sort_by_key(|place| Reverse((blocks[*place].slot, *place)));
    let mut line = vec![0; blocks.len()];
    order.iter().enumerate().for_each(|(at, place)| line[*place] = at);
    let mut is_of_head = vec![false; blocks.len()];
    let mut of_head = forks.head.filter(|head| *head < blocks.len());
    while let Some(place) = of_head {
        is_of_head[place] = true;
        of_head = parent(place);
    }
    let column = columns(blocks.len(), &parent, &line, &is_of_head, most.max(1));
    let width = column.iter().max().map_or(1, |most| most + 1);
    let mut cells = vec![vec![' '; width]; blocks.len()];
    for place in 0..blocks.len() {
        let Some(below) = parent(place) else { continue };
        let (at, to) = (column[place], line[below]);
        for row in cells.iter_mut().take(to).skip(line[place] + 1) {
            row[at] = signs.edge;
        }
        if at > column[below] {
            let row = &mut cells[to];
            row[column[below] + 1..at].iter_mut().filter(|cell| **cell == ' ').for_each(|cell| {
                *cell = signs.across;
            });
            row[at] = signs.bend;
        }
    }
    for place in 0..blocks.len() {
        let sign = if is_of_head[place] { signs.of_head } else { signs.other };
        cells[line[place]][column[place]] = sign;
    }
    let text = |place: usize| -> String { cells[line[place]].iter().collect() };
    order
        .into_iter()
        .map(|block| Line { block, columns: text(block), is_of_head: is_of_head[block] })
        .collect()
}

/// Returns the column of each block: 0 for the head's chain. Another branch has the first column
/// that is free from its newest block to the block below it.
fn columns(
    count: usize,
    parent: &impl Fn(usize) -> Option<usize>,
    line: &[usize],
    is_of_head: &[bool],
    most: usize,
) -> Vec<usize> {
    let branches = branches(count, parent, is_of_head);
    // The first line of each branch, by its oldest block.
    let mut top = line.to_vec();
    for place in 0..count {
        let begin = branches[place];
        top[begin] = top[begin].min(line[place]);
    }
    let mut column = vec![0; count];
    let mut taken: Vec<Vec<(usize, usize)>> = vec![Vec::new(); most];
    for place in (0..count).filter(|place| !is_of_head[*place]) {
        let begin = branches[place];
        if begin != place {
            column[place] = column[begin];
            continue;
        }
        let bottom = parent(place).map_or(line[place], |below| line[below]);
        let is_free = |lines: &[(usize, usize)]| {
            lines.iter().all(|(from, to)| top[place] > *to || bottom < *from)
        };
        let at = (1..most).find(|at| is_free(&taken[*at])).unwrap_or(most - 1);
        column[place] = at;
        taken[at].push((top[place], bottom));
    }
    column
}

/// Returns the oldest block of each block's branch. A block continues the branch of its parent,
/// unless an older sibling does, or the head's chain.
fn branches(
    count: usize,
    parent: &impl Fn(usize) -> Option<usize>,
    is_of_head: &[bool],
) -> Vec<usize> {
    let mut branches: Vec<_> = (0..count).collect();
    let mut is_continued = is_of_head.to_vec();
    for place in (0..count).filter(|place| !is_of_head[*place]) {
        if let Some(below) = parent(place).filter(|below| !is_continued[*below]) {
            is_continued[below] = true;
            branches[place] = branches[below];
        }
    }
    branches
}

#[cfg(test)]
mod tests {
    use super::*;
    use lean_node::events::ForkBlock;

    const SIGNS: Signs = Signs { of_head: '*', other: 'o', edge: '|', bend: '\'', across: '-' };

    fn tree(blocks: &[(u64, Option<usize>)], head: usize) -> Forks {
        let block = |(slot, parent): &(u64, Option<usize>)| ForkBlock {
            slot: *slot,
            parent: *parent,
            ..ForkBlock::default()
        };
        Forks { blocks: blocks.iter().map(block).collect(), head: Some(head), ..Forks::default() }
    }

    fn drawn(forks: &Forks, most: usize) -> Vec<String> {
        lines(forks, most, SIGNS).iter().map(|line| line.columns.trim_end().to_owned()).collect()
    }

    #[test]
    fn a_chain_has_one_column_and_a_branch_bends_at_its_parent() {
        assert_eq!(drawn(&tree(&[(1, None), (2, Some(0)), (3, Some(1))], 2), 4), ["*", "*", "*"]);
        let forked = tree(&[(1, None), (2, Some(0)), (3, Some(0)), (4, Some(1)), (5, Some(2))], 3);
        assert_eq!(drawn(&forked, 4), [" o", "*|", "|o", "*|", "*'"]);
    }

    #[test]
    fn branches_side_by_side_have_columns_of_their_own_up_to_the_last_one() {
        let many: Vec<_> =
            std::iter::once((1, None)).chain((2..12).map(|slot| (slot, Some(0)))).collect();
        let lines = drawn(&tree(&many, 1), 4);
        assert_eq!(lines.len(), 11);
        assert!(lines.iter().all(|line| line.chars().count() <= 4), "{lines:?}");
        assert_eq!(lines[10], "*'''");
    }

    #[test]
    fn an_event_with_wrong_places_makes_no_circle_and_no_panic() {
        let mut forks = tree(&[(1, Some(0)), (2, Some(1)), (3, Some(9)), (4, Some(2))], 77);
        assert_eq!(drawn(&forks, 3).len(), 4);
        forks.head = Some(1);
        assert_eq!(drawn(&forks, 1).len(), 4);
        assert_eq!(drawn(&Forks::default(), 0), [""; 0]);
    }
}
