namespace FopWatch.Load.Reporting;

/// <summary>A printed run: the machine, the tables, then the failures.</summary>
internal sealed class PrintedRun
{
    private readonly List<string> _faults = [];

    public PrintedRun(LoadOptions options)
    {
        Directory.CreateDirectory(options.DataParent);
        Console.WriteLine($"{Machine.Describe(options.DataParent)}. Each row: {options.Seconds.TotalSeconds} s after {options.WarmUp.TotalSeconds} s of warm-up.\n");
    }

    public void Print(Table table)
    {
        table.Write(Console.Out);
        _faults.AddRange(table.Faults);
    }

    /// <returns>Whether every row has its figures and nothing failed.</returns>
    public bool End()
    {
        _faults.ForEach(Console.Error.WriteLine);
        return _faults.Count == 0;
    }
}
