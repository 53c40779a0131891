using FopWatch.Providers;

namespace FopWatch.Intake;

/// <summary>An upload callback that is verified and decoded, and not stored yet.</summary>
/// <param name="Source">The source that it came to.</param>
/// <param name="Request">The callback.</param>
/// <param name="Trust">What its signature is worth.</param>
/// <param name="Upload">What it says.</param>
/// <param name="Problem">Why it has to be kept in quarantine; null if it has not.</param>
public sealed record AssessedUpload(Source Source, SignedRequest Request, Trust Trust, DecodedUpload Upload, string? Problem)
{
    /// <summary>Why it is not about the source; null if it is, or could not be understood.</summary>
    public ForeignReport? Foreign { get; init; }
}
