using FopWatch.Load.Reporting;

namespace FopWatch.Load.Functions;

/// <summary>Measures the cloud host, and prints one table after the other.</summary>
internal static class CloudRun
{
    /// <returns>Whether every row has its figures and nothing failed.</returns>
    public static async Task<bool> RunAsync(LoadOptions options)
    {
        Directory.CreateDirectory(options.DataParent);
        Console.WriteLine($"{Machine.Describe(options.DataParent)}. Each row: {options.Seconds.TotalSeconds} s after {options.WarmUp.TotalSeconds} s of warm-up.\n");
        var faults = new List<string>();
        if (options.Wants(LoadRun.CloudIntake))
            Print(await new CloudIntakeMeasurement(options).RunAsync());
        if (options.Wants(LoadRun.CloudEvents))
            Print(await CloudEventMeasurement.RunAsync(options));
        if (options.Wants(LoadRun.CloudRequests))
            Print(await StorageRequestMeasurement.RunAsync(options));

        faults.ForEach(Console.Error.WriteLine);
        return faults.Count == 0;

        void Print(Table table)
        {
            table.Write(Console.Out);
            faults.AddRange(table.Faults);
        }
    }
}
