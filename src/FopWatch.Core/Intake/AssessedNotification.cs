using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Intake;

/// <summary>A notification that was verified and decoded, but not stored yet.</summary>
/// <param name="Source">The source that received it.</param>
/// <param name="Request">The notification.</param>
/// <param name="Trust">How far its signature is trusted.</param>
/// <param name="Report">
/// The decoded report. If the notification is not trusted, only the job that it names (<see cref="ReportDetail.Subject"/>). Null if it could not be
/// understood or its signature is wrong.
/// </param>
/// <param name="Problem">Why it goes to quarantine; null if it does not.</param>
public sealed record AssessedNotification(Source Source, SignedRequest Request, Trust Trust, JobReport? Report, string? Problem)
{
    /// <summary>Why it does not belong to the source; null if it does, or could not be understood.</summary>
    public ForeignReport? Foreign { get; init; }

    /// <summary>Whether a notification or upload callback is recorded; if not, it is only a hint.</summary>
    /// <param name="source">The source that received it.</param>
    /// <param name="trust">How far its signature is trusted.</param>
    public static bool IsBelieved(Source source, Trust trust) => trust == Trust.Strong || source.Trust == TrustRule.Token;
}
