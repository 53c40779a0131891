using Spectre.Console;

namespace FopWatch.Local.CommandLine;

/// <summary>Names and values in two columns. A long value continues in its own column.</summary>
internal sealed class FactList
{
    private readonly Grid _grid = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(2)).AddColumn();

    public void Add(string name, Piece value) => _grid.AddRow(Terminal.Cell(new(name, Terminal.Dim)), Terminal.Cell(value));

    public void AddKnown(string name, string? value)
    {
        if (value is not null)
            Add(name, value);
    }

    public void Write(Terminal terminal) => terminal.Console.Write(_grid);
}
