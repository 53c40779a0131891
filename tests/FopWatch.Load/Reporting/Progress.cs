using System.Globalization;

namespace FopWatch.Load.Reporting;

/// <summary>Reports progress on standard error, so that the tables can be redirected.</summary>
internal static class Progress
{
    public static void Report(string what) =>
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss} {what}"));
}
