using System.CommandLine;
using System.Globalization;
using FopWatch.Settings;
using FopWatch.Watching;

namespace FopWatch.Local.CommandLine;

/// <summary>The options of <c>plan</c> for the fixed plan and for the cost of the learned plan.</summary>
internal sealed class PlanOptions
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);
    private static readonly TimeSpan LongestWatch = TimeSpan.FromDays(365);
    private static readonly PollSettings Defaults = new() { First = TimeSpan.FromMinutes(2) };

    private readonly Option<TimeSpan?> _first = Time("--first", LongestWait, "With --ages: the fixed plan's first poll (Poll:First; default: 00:02:00).");
    private readonly Option<double?> _factor = Number("--factor", "from 1 to 100", one => one is >= 1 and <= 100, "With --ages: the factor by which each wait grows (Poll:Factor; default: 1.5).");
    private readonly Option<TimeSpan?> _max = Time("--max", LongestWait, "With --ages: the longest wait of any plan (Poll:Max; default: 00:10:00, or --first if longer).");
    private readonly Option<TimeSpan?> _deadline = Time("--deadline", LongestWatch, "With --ages: the age at the last poll (Poll:Deadline; default: 9.00:00:00).");

    private readonly Option<double?> _pollsPerJob = Number(
        "--polls-per-job",
        "above 0, up to 10000",
        one => one is > 0 and <= 10_000,
        "With --ages: the mean polls per job that the learned plan may make (default: those of the fixed plan).");

    private readonly Option<double?> _heard = Number(
        "--heard",
        "from 0 up to, but not including, 1",
        one => one is >= 0 and < 1,
        "With --ages: the share of jobs whose notification arrives. These need no poll after their end and have no delay (default: 0).");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_first, _factor, _max, _deadline, _pollsPerJob, _heard])
            command.Options.Add(option);
    }

    /// <summary>The first option that is given; null for none.</summary>
    public string? Given(ParseResult result) =>
        Array.Find((Option[])[_first, _factor, _max, _deadline, _pollsPerJob, _heard], option => result.GetResult(option) is not null)?.Name;

    /// <summary>The fixed plan.</summary>
    /// <exception cref="UsageException">The options contradict each other.</exception>
    public PollSettings ReadSettings(ParseResult result)
    {
        var first = result.GetValue(_first) ?? Defaults.First;
        var settings = new PollSettings
        {
            First = first,
            Factor = result.GetValue(_factor) ?? Defaults.Factor,
            Max = result.GetValue(_max) ?? (first > Defaults.Max ? first : Defaults.Max),
            Deadline = result.GetValue(_deadline) ?? Defaults.Deadline,
        };
        if (settings.Max < first)
            throw IsLess(_max, settings.Max);
        return settings.Deadline < first ? throw IsLess(_deadline, settings.Deadline) : settings;

        UsageException IsLess(Option<TimeSpan?> option, TimeSpan time) =>
            new($"{Shown(option, time)} is less than {Shown(_first, first)}.");

        string Shown(Option<TimeSpan?> option, TimeSpan time) => result.GetResult(option) is null ? $"{option.Name} ({time:c} by default)" : $"{option.Name} ({time:c})";
    }

    /// <summary>The mean polls per job; null for those of the fixed plan.</summary>
    public double? PollsPerJob(ParseResult result) => result.GetValue(_pollsPerJob);

    /// <summary>The share of jobs whose notification arrives.</summary>
    public double Heard(ParseResult result) => result.GetValue(_heard) ?? 0;

    private static Option<TimeSpan?> Time(string name, TimeSpan longest, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (WrittenTime.TryParseOrSeconds(text, Shortest, longest, out var time))
                return time;

            result.AddError($"{name}: '{text}' is not {WrittenTime.Expected(Shortest, longest)}.");
            return null;
        },
    };

    private static Option<double?> Number(string name, string range, Func<double, bool> isInRange, string description) => new(name)
    {
        Description = description,
        HelpName = "NUMBER",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && isInRange(number))
                return number;

            result.AddError($"{name}: '{text}' is not a number {range}.");
            return null;
        },
    };
}
