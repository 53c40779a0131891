using FopWatch.Load.Measuring;
using FopWatch.Load.Reporting;

namespace FopWatch.Load;

/// <summary>Runs the selected measurements, and prints one table after another.</summary>
internal static class LoadRun
{
    public const string CloudIntake = "cloud-intake", CloudEvents = "cloud-events", CloudRequests = "cloud-requests";

    /// <summary>The measurements of the embedded host.</summary>
    public static readonly IReadOnlyList<string> Names =
        [.. IntakeMeasurement.Names, EventMeasurement.Name, StartMeasurement.Name, GrowthMeasurement.Name, DueMeasurement.Name];

    /// <summary>The measurements of the cloud host, by <c>FopWatch.Load.Functions</c>.</summary>
    public static readonly IReadOnlyList<string> CloudNames = [CloudIntake, CloudEvents, CloudRequests];

    /// <returns>Whether every row has its figures and nothing failed.</returns>
    public static async Task<bool> RunAsync(LoadOptions options)
    {
        var run = new PrintedRun(options);
        var intake = new IntakeMeasurement(options);
        if (IntakeMeasurement.Names.Any(options.Wants))
            run.Print(await intake.RunAsync());
        if (options.Wants(EventMeasurement.Name))
            run.Print(await new EventMeasurement(options).RunAsync(intake.UnknownIds));
        if (options.Wants(StartMeasurement.Name))
            run.Print(await StartMeasurement.RunAsync(options));
        if (options.Wants(GrowthMeasurement.Name))
            run.Print(await GrowthMeasurement.RunAsync(options));
        if (options.Wants(DueMeasurement.Name))
            run.Print(await DueMeasurement.RunAsync(options));

        return run.End();
    }
}
