using System.Globalization;
using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>Selects jobs. A job must match all given filters.</summary>
public sealed record JobFilter
{
    /// <summary>Only jobs of this source.</summary>
    public string? Source { get; init; }

    /// <summary>Only jobs in one of these states; empty for all.</summary>
    public IReadOnlyCollection<JobState> States { get; init; } = [];

    /// <summary>Only jobs whose watch has one of these statuses; empty for all.</summary>
    public IReadOnlyCollection<WatchStatus> Watches { get; init; } = [];

    /// <summary>True: only jobs that take unusually long. False: only the others.</summary>
    public bool? Overdue { get; init; }

    /// <summary>Only jobs registered at this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only jobs registered before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Only jobs whose input is in this bucket.</summary>
    public string? Bucket { get; init; }

    /// <summary>Only jobs whose input key begins with this.</summary>
    public string? KeyPrefix { get; init; }

    /// <summary>Only jobs whose id begins with this.</summary>
    public string? IdPrefix { get; init; }

    /// <summary>Only jobs with exactly these metadata entries, up to 8; null for any.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Only the job with this reference, which is its name in the host's log.</summary>
    public string? Ref { get; init; }

    /// <summary>The filters as query parameters.</summary>
    /// <exception cref="ArgumentException">A filter is empty text, which would select everything.</exception>
    internal IEnumerable<KeyValuePair<string, string>> ToParameters()
    {
        List<KeyValuePair<string, string>> parameters = [];
        Add("source", Source);
        Add("state", Joined(States));
        Add("watch", Joined(Watches));
        Add("overdue", Overdue is { } overdue ? (overdue ? "true" : "false") : null);
        Add("since", Time(Since));
        Add("until", Time(Until));
        Add("bucket", Bucket);
        Add("key", KeyPrefix);
        Add("id", IdPrefix);
        Add("ref", Ref);
        foreach (var (name, value) in Metadata ?? new Dictionary<string, string>())
            Add($"metadata.{name}", value);
        return parameters;

        void Add(string name, string? value)
        {
            if (value is "")
                throw new ArgumentException($"The filter '{name}' is empty. Null selects everything.");
            if (value is not null)
                parameters.Add(new(name, value));
        }
    }

    private static string? Joined<T>(IReadOnlyCollection<T> values)
        where T : struct, Enum => values.Count == 0 ? null : string.Join(',', values.Select(WireNames.Of));

    private static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
