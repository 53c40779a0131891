using FopWatch.Load.Reporting;

namespace FopWatch.Load.Functions;

/// <summary>Measures the cloud host, and prints one table after another.</summary>
internal static class CloudRun
{
    /// <returns>Whether every row has its figures and nothing failed.</returns>
    public static async Task<bool> RunAsync(LoadOptions options)
    {
        var run = new PrintedRun(options);
        if (options.Wants(LoadRun.CloudIntake))
            run.Print(await new CloudIntakeMeasurement(options).RunAsync());
        if (options.Wants(LoadRun.CloudEvents))
            run.Print(await CloudEventMeasurement.RunAsync(options));
        if (options.Wants(LoadRun.CloudRequests))
            run.Print(await StorageRequestMeasurement.RunAsync(options));

        return run.End();
    }
}
