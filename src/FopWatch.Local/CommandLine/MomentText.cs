using System.Globalization;

namespace FopWatch.Local.CommandLine;

/// <summary>Formats times for display, in UTC.</summary>
internal static class MomentText
{
    public static string Of(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
