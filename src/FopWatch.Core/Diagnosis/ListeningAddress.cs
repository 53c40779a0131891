namespace FopWatch.Diagnosis;

/// <summary>Where a host listens, where that is known.</summary>
/// <param name="Url">Its first address.</param>
public sealed record ListeningAddress(Uri Url);
