namespace FopWatch.Diagnosis;

/// <summary>The address on which a host listens.</summary>
/// <param name="Url">The first address.</param>
public sealed record ListeningAddress(Uri Url);
