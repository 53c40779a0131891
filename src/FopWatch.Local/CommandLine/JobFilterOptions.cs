using System.CommandLine;
using FopWatch.Client;
using FopWatch.Contracts;
using FopWatch.Settings;

namespace FopWatch.Local.CommandLine;

/// <summary>The job filters as options of a command.</summary>
internal sealed class JobFilterOptions
{
    // An age is kept as a time in year 1, which no other value of an option is in.
    private static readonly TimeSpan LongestAge = TimeSpan.FromDays(364);

    private readonly Option<string?> _source = Text("--source", "NAME", "Only jobs of this source.");
    private readonly Option<JobState[]> _state = Choices<JobState>("--state", "Only jobs in one of these states, separated by commas");
    private readonly Option<WatchStatus[]> _watch = Choices<WatchStatus>("--watch", "Only jobs whose watch has one of these statuses, separated by commas");
    private readonly Option<bool?> _overdue = new("--overdue") { Description = "Only jobs that take unusually long; 'false' selects the others.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<DateTimeOffset?> _since = Time("--since", "Only jobs registered at this time or later: RFC 3339, or an age such as 2h or 7d.");
    private readonly Option<DateTimeOffset?> _until = Time("--until", "Only jobs registered before this time, in the format of --since.");
    private readonly Option<string?> _bucket = Text("--bucket", "NAME", "Only jobs whose input is in this bucket.");
    private readonly Option<string?> _key = Text("--key", "PREFIX", "Only jobs whose input key begins with this.");
    private readonly Option<string?> _id = Text("--id", "PREFIX", "Only jobs whose id begins with this.");
    private readonly Option<string?> _ref = Text("--ref", "REFERENCE", "Only the job with this reference, which is its name in the log.");
    private readonly Option<string[]> _metadata = new("--metadata")
    {
        Description = "Only jobs with exactly this metadata. Can be repeated.",
        HelpName = "NAME=VALUE",
    };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_source, _state, _watch, _overdue, _since, _until, _bucket, _key, _id, _metadata, _ref])
            command.Options.Add(option);
    }

    /// <summary>The name of the given source; null for none.</summary>
    public string? Source(ParseResult result) => result.GetValue(_source);

    /// <summary>Whether any filter is given.</summary>
    public bool IsAnyGiven(ParseResult result) =>
        ((Option[])[_source, _state, _watch, _overdue, _since, _until, _bucket, _key, _id, _metadata, _ref]).Any(option => result.GetResult(option) is { Implicit: false });

    /// <summary>The filter.</summary>
    /// <exception cref="UsageException">The value of an option is invalid.</exception>
    public JobFilter Read(ParseResult result, TimeProvider time) => new()
    {
        Source = result.GetValue(_source),
        States = result.GetValue(_state) ?? [],
        Watches = result.GetValue(_watch) ?? [],
        Overdue = result.GetResult(_overdue) is null ? null : result.GetValue(_overdue) ?? true,
        Since = Moment(result, _since, time),
        Until = Moment(result, _until, time),
        Bucket = result.GetValue(_bucket),
        KeyPrefix = result.GetValue(_key),
        IdPrefix = result.GetValue(_id),
        Ref = result.GetValue(_ref),
        Metadata = NamedValues.Read("--metadata", result.GetValue(_metadata) ?? []) is { Count: > 0 } metadata ? metadata : null,
    };

    /// <summary>Resolves an age, which was parsed into a time relative to <see cref="DateTimeOffset.MinValue"/>.</summary>
    internal static DateTimeOffset? Moment(ParseResult result, Option<DateTimeOffset?> option, TimeProvider time) =>
        result.GetValue(option) is { } given ? given.Year == 1 ? time.GetUtcNow() - (given - DateTimeOffset.MinValue) : given : null;

    /// <summary>An option that requires text. An unset variable in a script must not select everything.</summary>
    private static Option<string?> Text(string name, string helpName, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = helpName };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && string.IsNullOrWhiteSpace(text))
                result.AddError($"{name} is empty. Leave it out to select everything.");
        });
        return option;
    }

    private static Option<T[]> Choices<T>(string name, string description)
        where T : struct, Enum
    {
        var all = WireNames.All<T>().Where(word => word != "unknown").ToList();
        return new(name)
        {
            Description = $"{description}: {string.Join(", ", all)}.",
            HelpName = "a,b",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result =>
            {
                var chosen = new List<T>();
                foreach (var word in result.Tokens[0].Value.Split(','))
                {
                    if (all.Contains(word) && WireNames.TryParse<T>(word, out var value))
                        chosen.Add(value);
                    else
                        result.AddError($"{name}: '{word}' is not one of {string.Join(", ", all)}.");
                }

                return [.. chosen];
            },
        };
    }

    /// <summary>An option that takes a time or an age. <see cref="Moment"/> resolves it.</summary>
    internal static Option<DateTimeOffset?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            // A number alone, such as 2026, is more likely part of a date than an age in seconds.
            var text = result.Tokens[0].Value;
            if (WrittenTime.TryParse(text, TimeSpan.FromMilliseconds(1), LongestAge, out var age))
                return DateTimeOffset.MinValue + age;
            if (Providers.Rfc3339.Parse(text) is { Year: > 1 } time)
                return time;

            result.AddError($"{name}: '{text}' is neither an RFC 3339 time such as 2026-01-31T12:00:00Z nor an age such as 2h.");
            return null;
        },
    };
}
