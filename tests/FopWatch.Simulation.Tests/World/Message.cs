using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Simulation.Tests.World;

/// <summary>One notification as it is sent, genuine or not.</summary>
internal sealed record Message
{
    public required string Source { get; init; }

    public required string Token { get; init; }

    public required SignedRequest Request { get; init; }

    /// <summary>What the path of its URL ends in; null if nothing.</summary>
    public string? Correlation { get; init; }

    /// <summary>The id that its body names, whoever wrote it; null if none can be read.</summary>
    public string? Id { get; init; }

    /// <summary>What has to become of it; null if it must not be let in.</summary>
    public required NotificationResult? Expected { get; init; }

    /// <summary>What it says, if it is to be believed.</summary>
    public JobReport? Report { get; init; }
}
