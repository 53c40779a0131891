namespace FopWatch.Api;

/// <summary>Says what kind of request a handler answers; an endpoint without it answers a <see cref="RequestKind.Call"/>.</summary>
/// <param name="kind">The kind.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AdmittedAsAttribute(RequestKind kind) : Attribute
{
    /// <summary>The kind.</summary>
    public RequestKind Kind { get; } = kind;
}
