using System.ComponentModel;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;
using FopWatch.Wording;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace FopWatch.Api;

/// <summary>The query parameters that filter lists, counts and bulk requests.</summary>
internal sealed class JobFilters
{
    /// <summary>The prefix of parameters that filter by metadata.</summary>
    public const string MetadataPrefix = "metadata.";

    private const int MaxMetadata = 8;
    private const int MaxText = 1024;

    [FromQuery(Name = "source"), Description("Only jobs of this source.")]
    public string? Source { get; init; }

    [FromQuery(Name = "state"), Description("Only jobs in one of these states. Separate them with commas.")]
    public string? State { get; init; }

    [FromQuery(Name = "watch"), Description("Only jobs with one of these watch statuses. Separate them with commas.")]
    public string? Watch { get; init; }

    [FromQuery(Name = "overdue"), Description("`true`: only jobs that are overdue. `false`: only jobs that are not.")]
    public string? Overdue { get; init; }

    [FromQuery(Name = "since"), Description("Only jobs registered at this time or later. An RFC 3339 time with seconds and an offset; encode its `+` as `%2B`.")]
    public string? Since { get; init; }

    [FromQuery(Name = "until"), Description("Only jobs registered before this time. The format is that of `since`.")]
    public string? Until { get; init; }

    [FromQuery(Name = "bucket"), Description("Only jobs whose input is in this bucket.")]
    public string? Bucket { get; init; }

    [FromQuery(Name = "key"), Description("Only jobs whose input key begins with this.")]
    public string? Key { get; init; }

    [FromQuery(Name = "id"), Description("Only jobs whose id begins with this.")]
    public string? Id { get; init; }

    [FromQuery(Name = "ref"), Description("Only the job with this reference, which the log uses in place of the id. The other filters apply too.")]
    public string? Ref { get; init; }

    /// <summary>Reads the filters, as a query limited to the sources that the caller sees.</summary>
    /// <param name="request">The request, for filters by metadata.</param>
    /// <param name="caller">The sender of the request.</param>
    /// <param name="sources">The configured sources.</param>
    /// <param name="store">The jobs, among which are those of sources that are no longer configured.</param>
    /// <param name="problems">Gets the problems.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<JobQuery> ReadAsync(
        HttpRequest request, Caller caller, Sources sources, IJobStore store, List<ProblemElement> problems, CancellationToken cancellationToken)
    {
        if (Source is { Length: > 0 } && !await IsSourceAsync(Source, caller, sources, store, cancellationToken))
            problems.Add(UnknownSource.Parameter(Source, caller.Visible(sources)));
        if (Overdue is { Length: > 0 } and not ("true" or "false"))
            problems.Add(new("overdue", $"It is neither true nor false."));
        if (Ref is { Length: > 0 } && !JobReferences.IsValid(Ref))
            problems.Add(new("ref", $"A job reference is {JobReferences.Length} lower-case hexadecimal digits."));
        if (Id is { Length: > 0 } && !(JobKey.IsValidId(Id) || Id is "." or ".."))
            problems.Add(new("id", $"The beginning of an id is {Sentence.Verbatim(JobKey.IdRule)}."));
        foreach (var (name, text) in ((string, string?)[])[("bucket", Bucket), ("key", Key)])
        {
            if (text?.Length > MaxText)
                problems.Add(new(name, $"It has more than {MaxText} characters."));
        }

        return caller.Restrict(new()
        {
            Source = NullIfEmpty(Source),
            States = Choices<JobState>("state", State, problems),
            Watches = Choices<WatchStatus>("watch", Watch, problems),
            Overdue = string.IsNullOrEmpty(Overdue) ? null : Overdue == "true",
            Since = Time("since", Since, problems),
            Until = Time("until", Until, problems),
            Bucket = NullIfEmpty(Bucket),
            KeyPrefix = NullIfEmpty(Key),
            IdPrefix = NullIfEmpty(Id),
            Metadata = Metadata(request, problems),
        });
    }

    /// <summary>Whether the caller sees a source that is configured or has stored jobs.</summary>
    private static async Task<bool> IsSourceAsync(string source, Caller caller, Sources sources, IJobStore store, CancellationToken cancellationToken) =>
        caller.Sees(source)
        && Sources.IsName(source)
        && (sources.Find(source) is not null
            || await store.ListAsync(new() { Source = source, Top = 1 }, cancellationToken) is { Elements.Count: > 0 } or { Unreadable.Count: > 0 });

    /// <summary>Whether there is no filter.</summary>
    public static bool IsEmpty(JobQuery query, string? reference) =>
        string.IsNullOrEmpty(reference)
        && query is { Source: null, States.Count: 0, Watches.Count: 0, Overdue: null, Since: null, Until: null, IsSearch: false };

    internal static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static List<KeyValuePair<string, string>> Metadata(HttpRequest request, List<ProblemElement> problems)
    {
        var metadata = QueryParameters.PairsOf(request)
            .Where(pair => pair.Key.StartsWith(MetadataPrefix, StringComparison.Ordinal))
            .Select(pair => KeyValuePair.Create(pair.Key[MetadataPrefix.Length..], pair.Value))
            .ToList();
        if (metadata.Count > MaxMetadata)
            problems.Add(new(MetadataPrefix, $"There are more than {MaxMetadata} filters by metadata."));
        return metadata;
    }

    /// <summary>The enum members that a parameter names; none if it is absent. Each invalid name adds a problem.</summary>
    private static List<T> Choices<T>(string parameter, string? value, List<ProblemElement> problems)
        where T : struct, Enum
    {
        var choices = new List<T>();
        foreach (var name in string.IsNullOrEmpty(value) ? [] : value.Split(','))
        {
            if (WireNames.TryParse<T>(name, out var known))
                choices.Add(known);
            else
                problems.Add(new(parameter, $"It takes one or more of {string.Join(", ", WireNames.All<T>())}, separated by commas."));
        }

        return choices;
    }

    private static DateTimeOffset? Time(string parameter, string? value, List<ProblemElement> problems)
    {
        if (string.IsNullOrEmpty(value))
            return null;
        var time = Rfc3339.Parse(value);
        if (time is null)
            problems.Add(new(parameter, $"It is not an RFC 3339 time, such as 2026-01-31T12:00:00Z. (In a URL, the + of an offset is %2B.)"));
        return time;
    }
}
