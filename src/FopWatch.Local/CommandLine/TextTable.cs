using Spectre.Console;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// A table that never breaks words. It has lines in a terminal where they fit. Otherwise it has columns only, or, if those do not fit, an
/// entry per row.
/// </summary>
/// <param name="terminal">Where to write it.</param>
/// <param name="columns">The names of the columns.</param>
internal sealed class TextTable(Terminal terminal, params string[] columns)
{
    /// <summary>A longer word, such as a command without spaces, may be broken as a last resort.</summary>
    private const int LongestWord = 40;

    private const int Gap = 2;

    private readonly List<Piece[]> _rows = [];

    /// <summary>Whether all columns but the first hold numbers.</summary>
    public bool HasNumbers { get; init; }

    /// <summary>The greatest width in columns where no terminal limits it.</summary>
    public int MostWidth { get; init; } = int.MaxValue;

    public void Add(params Piece[] cells) => _rows.Add([.. cells.Select(cell => cell with { Text = DisplayText.Clean(cell.Text) })]);

    public void Write()
    {
        var room = terminal.IsLive ? terminal.Console.Profile.Width : Math.Min(terminal.Console.Profile.Width, MostWidth);
        var lines = (3 * columns.Length) + 1;
        var gaps = Gap * (columns.Length - 1);
        if (terminal.IsLive && terminal.Console.Profile.Capabilities.Unicode && Widths(room - lines) is { } framed)
            Write(TableBorder.Rounded, framed, new Padding(1, 0, 1, 0));
        else if (Widths(room - gaps) is { } bare)
            Write(TableBorder.None, bare, new Padding(0, 0, Gap, 0));
        else
            WriteEntries();
    }

    /// <summary>The width of each column; null if their longest words do not fit.</summary>
    private int[]? Widths(int room)
    {
        // A number and its unit stay together.
        var wanted = Enumerable.Range(0, columns.Length).Select(column => Texts(column).Max(text => text.GetCellWidth())).ToArray();
        var least = wanted.Select((width, column) => HasNumbers && column > 0 ? width : Texts(column).Max(WordWidth)).ToArray();
        var left = room - least.Sum();
        if (left < 0)
            return null;

        // Narrow columns get their full width, and wide ones share the rest.
        var widths = (int[])least.Clone();
        var open = Enumerable.Range(0, columns.Length).OrderBy(column => wanted[column] - least[column]).ToList();
        for (var i = 0; i < open.Count; i++)
        {
            var more = Math.Min(wanted[open[i]] - least[open[i]], left / (open.Count - i));
            widths[open[i]] += more;
            left -= more;
        }

        return widths;
    }

    private IEnumerable<string> Texts(int column) => _rows.Select(row => row[column].Text).Prepend(columns[column]);

    private static int WordWidth(string text) => Math.Min(LongestWord, text.Split(' ').Max(word => word.GetCellWidth()));

    private void Write(TableBorder border, int[] widths, Padding padding)
    {
        var table = new Table { Border = border };
        for (var i = 0; i < columns.Length; i++)
        {
            var isLast = border == TableBorder.None && i == columns.Length - 1;
            table.AddColumn(new TableColumn(new Text(columns[i], Terminal.Bold))
            {
                Width = widths[i],
                Padding = isLast ? new Padding(0, 0, 0, 0) : padding,
                Alignment = HasNumbers && i > 0 ? Justify.Right : Justify.Left,
            });
        }

        foreach (var row in _rows)
            table.AddRow(row.Select(Terminal.Cell));
        terminal.Console.Write(table);
    }

    private void WriteEntries()
    {
        foreach (var row in _rows)
        {
            terminal.WriteText(row[0]);
            var cells = columns.Zip(row).Skip(1).Where(one => one.Second.Text.Length > 0).ToList();
            if (HasNumbers)
                terminal.WriteText("  ", string.Join(", ", cells.Select(one => $"{one.Second.Text} {one.First}")));
            else
                cells.ForEach(one => terminal.WriteText(new Piece($"  {one.First}: ", Terminal.Dim), one.Second));
        }
    }
}
