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

    /// <summary><c>learned</c> or <c>fixed</c>.</summary>
    public required string Plan { get; init; }

    /// <summary>Why the plan is the fixed one; null if it is not.</summary>
    [JsonIgnore]
    public string? Reason { get; init; }

    /// <summary>The ages in seconds at which a job is polled that is never notified and never over: up to the deadline, or 10,000 of them.</summary>
    public required IReadOnlyList<double> Ages { get; init; }

    /// <summary>The mean number of polls of the given jobs.</summary>
    public required double ExpectedPolls { get; init; }

    /// <summary>Their mean delay in seconds.</summary>
    public required double ExpectedDelay { get; init; }

    /// <summary>The optimum's delay as a share of the plan's.</summary>
    public required double Efficiency { get; init; }

    /// <summary>The fixed plan.</summary>
    [JsonPropertyName("fixed")]
    public required PlanSpending FixedPlan { get; init; }

    /// <summary>The least mean delay at as many polls.</summary>
    [JsonIgnore]
    public double OptimalDelay { get; init; }

    /// <summary>Compares the plans.</summary>
    public static PlanComparison Of(GivenAges ages, PollSettings settings, double heard, double? pollsPerJob)
    {
        var learned = ages.Sorted.Count >= PlanLearner.LeastJobs ? PlanLearner.Learn([ClassAges.Of(ages)], settings, heard, pollsPerJob)?[0] : null;
        var compared = ComparedPlan.Of(ages, learned?.Ages, settings, heard);
        return new()
        {
            Plan = learned is null ? Fixed : Learned,
            Reason = learned is null ? ComparedPlan.WhyFixed(ages.Sorted.Count) : null,
            Ages = Shown(compared.Ages),
            ExpectedPolls = Rounded(compared.Spent.Polls),
            ExpectedDelay = Rounded(compared.Spent.Delay),
            Efficiency = Rounded(compared.Efficiency!.Value),
            FixedPlan = new(Shown(compared.FixedAges), Rounded(compared.FixedSpent.Polls), Rounded(compared.FixedSpent.Delay)),
            OptimalDelay = compared.OptimalDelay!.Value,
        };
    }

    private static double[] Shown(PollAges ages) => [.. ages.All().Take(MostAges).Select(Rounded)];

    private static double Rounded(double number) => Math.Round(number, Decimals);
}

/// <summary>What a plan comes to.</summary>
/// <param name="Ages">The ages in seconds at which a job is polled that is never notified and never over.</param>
/// <param name="ExpectedPolls">The mean number of polls.</param>
/// <param name="ExpectedDelay">The mean delay in seconds.</param>
internal sealed record PlanSpending(IReadOnlyList<double> Ages, double ExpectedPolls, double ExpectedDelay);

/// <summary>The serializer context of <c>plan</c>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PlanComparison))]
internal sealed partial class PlanJson : JsonSerializerContext;
