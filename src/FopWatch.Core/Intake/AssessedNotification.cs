using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Intake;

/// <summary>A notification that is verified and decoded, and not stored yet.</summary>
/// <param name="Source">The source that it came to.</param>
/// <param name="Request">The notification.</param>
/// <param name="Trust">What its signature is worth.</param>
/// <param name="Report">
/// What it says, or, if it is not believed, the job that it is about (<see cref="ReportDetail.Subject"/>); null if it could not be understood, or its
/// signature is wrong.
/// </param>
/// <param name="Problem">Why it has to be kept in quarantine; null if it has not.</param>
public sealed record AssessedNotification(Source Source, SignedRequest Request, Trust Trust, JobReport? Report, string? Problem)
{
    /// <summary>Why it is not about the source; null if it is, or could not be understood.</summary>
    public ForeignReport? Foreign { get; init; }

    /// <summary>Whether a notification is recorded; otherwise it is a hint.</summary>
    internal static bool IsBelieved(Source source, Trust trust) => trust == Trust.Strong || source.Trust == TrustRule.Token;
}
