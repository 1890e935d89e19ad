//! A table of text in aligned columns.

use super::output::first_line;

/// The lines of a table: `header`, then `rows`. Cells are shown on one line each.
pub(super) fn render<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let header = header.map(str::to_owned);
    let rows: Vec<[String; N]> = std::iter::once(&header)
        .chain(rows)
        .map(|row| row.each_ref().map(|cell| first_line(cell)))
        .collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths);
        let padded: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_cells_stay_on_one_line() {
        let rows = [
            ["größe".to_owned(), "x".to_owned()],
            ["a".to_owned(), "two\nlines\u{1b}".to_owned()],
        ];
        assert_eq!(
            render(["APP", "ERROR"], &rows),
            "APP    ERROR\ngröße  x\na      two …"
        );
    }
}
