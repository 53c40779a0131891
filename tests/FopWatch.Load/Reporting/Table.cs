using System.Globalization;
using FopWatch.Load.Generating;

namespace FopWatch.Load.Reporting;

/// <summary>A table of figures in Markdown. A row with missing figures or with failures fails the run.</summary>
internal sealed class Table(string title, params IReadOnlyList<string> columns)
{
    private readonly List<IReadOnlyList<string>> _rows = [];
    private readonly List<string> _faults = [];

    /// <summary>A cell that has no figure by its nature.</summary>
    public const string None = "–";

    /// <summary>A figure that could not be measured.</summary>
    public const string Missing = "?";

    public IReadOnlyList<string> Faults => _faults;

    public void Add(string name, params IReadOnlyList<string> figures)
    {
        if (figures.Count != columns.Count - 1)
            throw new ArgumentException($"The row '{name}' has {figures.Count} figures for {columns.Count - 1} columns.", nameof(figures));
        _rows.Add([name, .. figures]);
        for (var i = 0; i < figures.Count; i++)
        {
            if (figures[i] == Missing)
                _faults.Add($"{title}: {name} has no {columns[i + 1]}.");
        }
    }

    public void Fault(string fault) => _faults.Add($"{title}: {fault}");

    /// <summary>Records failures.</summary>
    /// <returns>The number of failures.</returns>
    public string Failures(string name, IReadOnlyDictionary<string, long> failed)
    {
        foreach (var (what, count) in failed)
            Fault(string.Create(CultureInfo.InvariantCulture, $"{name}: {count} times {what}"));
        return Number(failed.Values.Sum());
    }

    public void Write(TextWriter to)
    {
        to.WriteLine($"### {title}\n");
        to.WriteLine($"| {string.Join(" | ", columns)} |");
        to.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---:|", columns.Count - 1))}");
        foreach (var row in _rows)
            to.WriteLine($"| {string.Join(" | ", row)} |");
        to.WriteLine();
        to.Flush();
    }

    public static string Number(double? value) => value is not { } number || !double.IsFinite(number) ? Missing
        : number.ToString(number >= 100 || double.IsInteger(number) ? "#,0" : number >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    public static string Milliseconds(TimeSpan? value) => Number(value?.TotalMilliseconds);

    /// <summary>The number of delays, their median, 95th and 99th percentile, and maximum.</summary>
    public static IReadOnlyList<string> Delays(Histogram delays) =>
    [
        Number(delays.Count),
        Milliseconds(delays.Quantile(0.5)),
        Milliseconds(delays.Quantile(0.95)),
        Milliseconds(delays.Quantile(0.99)),
        Milliseconds(delays.Longest),
    ];

    /// <summary>A value as a multiple of another; empty without the other.</summary>
    public static string Ratio(double? value, double? of) => of is null ? None : value is { } number && of > 0 ? Number(number / of) : Missing;
}
