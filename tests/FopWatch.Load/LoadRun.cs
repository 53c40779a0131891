using FopWatch.Load.Measuring;
using FopWatch.Load.Reporting;

namespace FopWatch.Load;

/// <summary>Measures what was asked for, and prints a table after the other.</summary>
internal static class LoadRun
{
    public static readonly IReadOnlyList<string> Names = [.. IntakeMeasurement.Names];

    /// <returns>Whether every row has its figures and nothing failed.</returns>
    public static async Task<bool> RunAsync(LoadOptions options)
    {
        Console.WriteLine($"{Machine.Describe(options.DataParent)}. Each row: {options.Seconds.TotalSeconds} s after {options.WarmUp.TotalSeconds} s of warm-up.\n");
        var faults = new List<string>();
        if (IntakeMeasurement.Names.Any(options.Wants))
            Print(await new IntakeMeasurement(options).RunAsync());

        faults.ForEach(Console.Error.WriteLine);
        return faults.Count == 0;

        void Print(Table table)
        {
            table.Write(Console.Out);
            faults.AddRange(table.Faults);
            if (table.IsEmpty)
                faults.Add("A table has no rows.");
        }
    }
}
