using System.Globalization;

namespace FopWatch.Load.Reporting;

/// <summary>Where a run is, on standard error: the tables can be redirected.</summary>
internal static class Progress
{
    public static void Report(string what) =>
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss} {what}"));
}
