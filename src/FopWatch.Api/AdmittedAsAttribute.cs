namespace FopWatch.Api;

/// <summary>The kind of request that a handler answers. Without the attribute it is <see cref="RequestKind.Call"/>.</summary>
/// <param name="kind">The kind.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AdmittedAsAttribute(RequestKind kind) : Attribute
{
    /// <summary>The kind.</summary>
    public RequestKind Kind { get; } = kind;
}
