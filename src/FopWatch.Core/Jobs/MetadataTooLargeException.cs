namespace FopWatch.Jobs;

/// <summary>A registration would give a job more metadata than one may have: it is in every event. Nothing was stored.</summary>
/// <param name="bytes">How large it would be.</param>
public sealed class MetadataTooLargeException(int bytes) : Exception(
    FormattableString.Invariant($"has, with that of earlier registrations, {bytes} bytes of names and values; at most {Job.MaxMetadataBytes} are kept"));
