namespace FopWatch.Api;

/// <summary>Says that an endpoint needs no API key, and that its query may hold anything.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OpenToAllAttribute : Attribute;
