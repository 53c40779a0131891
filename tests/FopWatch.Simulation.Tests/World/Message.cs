using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Simulation.Tests.World;

/// <summary>A notification as sent, genuine or not.</summary>
internal sealed record Message
{
    public required string Source { get; init; }

    public required string Token { get; init; }

    public required SignedRequest Request { get; init; }

    /// <summary>The end of its URL's path; null for none.</summary>
    public string? Correlation { get; init; }

    /// <summary>The id in its body, whoever wrote it; null if none can be read.</summary>
    public string? Id { get; init; }

    /// <summary>Its required effect; null if it must be rejected.</summary>
    public required NotificationResult? Expected { get; init; }

    /// <summary>Its content, if it is to be believed.</summary>
    public JobReport? Report { get; init; }
}
