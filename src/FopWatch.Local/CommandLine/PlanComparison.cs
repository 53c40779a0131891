using System.Text.Json.Serialization;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Local.CommandLine;

/// <summary>What <c>plan --json</c> prints: the plan that would be used for the given ages, beside the fixed one.</summary>
internal sealed record PlanComparison
{
    public const string Learned = "learned";
    public const string Fixed = "fixed";

    private const int MostAges = 10_000;
    private const int Decimals = 6;
    private const int MostDecimals = 15;

    /// <summary>A smaller excess over the wanted polls is an inaccuracy of the search.</summary>
    private const double Tolerance = 1.001;

    /// <summary><c>learned</c> or <c>fixed</c>.</summary>
    public required string Plan { get; init; }

    /// <summary>Why the fixed plan is used; null for a learned plan.</summary>
    [JsonIgnore]
    public string? Reason { get; init; }

    /// <summary>The ages in seconds at which a job that never ends is polled, up to the deadline, at most 10,000.</summary>
    public required IReadOnlyList<double> Ages { get; init; }

    /// <summary>True if there are more ages; otherwise null.</summary>
    public bool? AgesCut { get; init; }

    /// <summary>The mean number of polls of the given jobs.</summary>
    public required double ExpectedPolls { get; init; }

    /// <summary>True if the plan makes more polls than wanted; otherwise null.</summary>
    public bool? ExceedsPollsPerJob { get; init; }

    /// <summary>Their mean delay in seconds.</summary>
    public required double ExpectedDelay { get; init; }

    /// <summary>The optimum's delay as a share of the plan's.</summary>
    public required double Efficiency { get; init; }

    /// <summary>The fixed plan.</summary>
    [JsonPropertyName("fixed")]
    public required PlanSpending FixedPlan { get; init; }

    /// <summary>The least mean delay with as many polls.</summary>
    [JsonIgnore]
    public double OptimalDelay { get; init; }

    public static PlanComparison Of(GivenAges ages, PollSettings settings, double heard, double? pollsPerJob)
    {
        var isAnyFound = ages.Sorted[0] <= settings.Deadline.TotalSeconds;
        var learned = isAnyFound && ages.Sorted.Count >= PlanLearner.LeastJobs ? PlanLearner.Learn([ClassAges.Of(ages)], settings, heard, pollsPerJob)?[0] : null;
        var compared = ComparedPlan.Of(ages, learned?.Ages, settings, heard);
        var (shown, areCut) = compared.Ages.UpTo(MostAges);
        var (shownFixed, areFixedCut) = compared.FixedAges.UpTo(MostAges);
        return new()
        {
            Plan = learned is null ? Fixed : Learned,
            Reason = learned is not null ? null : isAnyFound ? ComparedPlan.WhyFixed(ages.Sorted.Count) : "no job had ended by --deadline, so no poll finds an end",
            Ages = [.. shown.Select(Rounded)],
            AgesCut = areCut ? true : null,
            ExpectedPolls = Rounded(compared.Spent.Polls),
            ExceedsPollsPerJob = compared.Spent.Polls > Tolerance * pollsPerJob ? true : null,
            ExpectedDelay = Rounded(compared.Spent.Delay),
            Efficiency = Rounded(compared.Efficiency!.Value),
            FixedPlan = new([.. shownFixed.Select(Rounded)], areFixedCut ? true : null, Rounded(compared.FixedSpent.Polls), Rounded(compared.FixedSpent.Delay)),
            OptimalDelay = compared.OptimalDelay!.Value,
        };
    }

    // To six decimals, or six significant digits, so that a small number does not become 0.
    private static double Rounded(double number) =>
        Math.Round(number, Math.Clamp(number > 0 ? Decimals - 1 - (int)Math.Floor(Math.Log10(number)) : 0, Decimals, MostDecimals));
}

/// <summary>The polls and delay of a plan.</summary>
/// <param name="Ages">The ages in seconds at which a job that never ends is polled.</param>
/// <param name="AgesCut">True if there are more ages; otherwise null.</param>
/// <param name="ExpectedPolls">The mean number of polls.</param>
/// <param name="ExpectedDelay">The mean delay in seconds.</param>
internal sealed record PlanSpending(IReadOnlyList<double> Ages, bool? AgesCut, double ExpectedPolls, double ExpectedDelay);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PlanComparison))]
internal sealed partial class PlanJson : JsonSerializerContext;
