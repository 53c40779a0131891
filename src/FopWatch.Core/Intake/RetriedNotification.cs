using FopWatch.Providers.Signatures;
using FopWatch.Wording;

namespace FopWatch.Intake;

/// <summary>The result of retrying a quarantined notification.</summary>
/// <param name="Key">The key.</param>
/// <param name="Result">The result.</param>
/// <param name="Reason">Why it is still in quarantine; null if it is not.</param>
/// <param name="Signature">Why its signature is wrong; null if it is not.</param>
public sealed record RetriedNotification(string Key, NotificationResult Result, Sentence? Reason, SignatureDiagnosis? Signature);

/// <summary>Why a notification is in quarantine.</summary>
/// <param name="Words">The reason as a sentence.</param>
/// <param name="Signature">The diagnosis of its signature; null if the signature is not the reason.</param>
public readonly record struct QuarantineReason(Sentence Words, SignatureDiagnosis? Signature);
