using System.Globalization;

namespace FopWatch.Settings;

/// <summary>Settings are wrong. The message gives the full name of each wrong setting, and what would be right.</summary>
public sealed class SettingsException : Exception
{
    /// <param name="problems">One sentence each, beginning with the setting's full name.</param>
    public SettingsException(IReadOnlyList<string> problems)
        : base(problems.Count == 1
            ? $"A setting is wrong: {OnOneLine(problems[0])}"
            : string.Create(CultureInfo.InvariantCulture, $"{problems.Count} settings are wrong:\n  {string.Join("\n  ", problems.Select(OnOneLine))}")) =>
        Problems = [.. problems.Select(OnOneLine)];

    /// <summary>A sentence that says where the settings were read from; null if that is unknown or already in the message.</summary>
    public string? Origin { get; init; }

    /// <summary>One sentence each, beginning with the setting's full name.</summary>
    public IReadOnlyList<string> Problems { get; }

    // File names and setting names may contain line breaks.
    private static string OnOneLine(string problem) =>
        problem.Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
