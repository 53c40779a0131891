namespace FopWatch.Providers;

/// <summary>The settings of a source were replaced before its status API was asked. It is to be asked as they are now.</summary>
/// <param name="source">The name of the source.</param>
public sealed class SourceReplacedException(string source) : Exception($"The settings of the source '{source}' were replaced.");
