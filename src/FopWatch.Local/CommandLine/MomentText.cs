using System.Globalization;

namespace FopWatch.Local.CommandLine;

/// <summary>Times as they are shown, in UTC.</summary>
internal static class MomentText
{
    /// <summary>A time to the second.</summary>
    public static string Of(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
