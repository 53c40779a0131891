using FopWatch.Providers.Signatures;

namespace FopWatch.Intake;

/// <summary>What became of a quarantined notification that was taken again.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Result">What became of it.</param>
/// <param name="Reason">Why it is still in quarantine; null if it is not.</param>
/// <param name="Signature">Why its signature is wrong; null if it is not.</param>
public sealed record RetriedNotification(string Key, NotificationResult Result, string? Reason, SignatureDiagnosis? Signature);

/// <summary>Why a notification is in quarantine.</summary>
/// <param name="Words">The reason in words.</param>
/// <param name="Signature">What there is to say of its signature; null if that is not the reason.</param>
public readonly record struct QuarantineReason(string Words, SignatureDiagnosis? Signature);
