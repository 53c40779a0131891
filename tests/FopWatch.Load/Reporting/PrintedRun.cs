namespace FopWatch.Load.Reporting;

/// <summary>A run as it is printed: the machine, then one table after the other, then what went wrong.</summary>
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
