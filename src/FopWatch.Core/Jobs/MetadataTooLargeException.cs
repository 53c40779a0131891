namespace FopWatch.Jobs;

/// <summary>A registration would give a job too much metadata, which is part of every event. Nothing was stored.</summary>
/// <param name="bytes">The size of the merged metadata, in bytes.</param>
public sealed class MetadataTooLargeException(int bytes) : Exception(
    FormattableString.Invariant($"has {bytes} bytes of names and values, including that of earlier registrations; at most {Job.MaxMetadataBytes} are allowed"));
