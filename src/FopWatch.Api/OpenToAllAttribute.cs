namespace FopWatch.Api;

/// <summary>An endpoint that needs no API key and accepts any query.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OpenToAllAttribute : Attribute;
