using FopWatch.Providers;

namespace FopWatch.Intake;

/// <summary>An upload callback that was verified and decoded, but not stored yet.</summary>
/// <param name="Source">The source that received it.</param>
/// <param name="Request">The callback.</param>
/// <param name="Trust">How far its signature is trusted.</param>
/// <param name="Upload">The decoded callback.</param>
/// <param name="Problem">Why it goes to quarantine; null if it does not.</param>
public sealed record AssessedUpload(Source Source, SignedRequest Request, Trust Trust, DecodedUpload Upload, string? Problem)
{
    /// <summary>Why it does not belong to the source; null if it does, or could not be understood.</summary>
    public ForeignReport? Foreign { get; init; }
}
