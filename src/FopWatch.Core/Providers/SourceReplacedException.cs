namespace FopWatch.Providers;

/// <summary>The settings of a source were replaced before its status API was polled. Poll again with the current settings.</summary>
/// <param name="source">The name of the source.</param>
public sealed class SourceReplacedException(string source) : Exception($"The settings of the source '{source}' were replaced.");
