using FopWatch.Settings;

namespace FopWatch.Api;

/// <summary>
/// The right that an endpoint needs. An endpoint with neither this attribute nor <see cref="OpenToAllAttribute"/> refuses every caller.
/// </summary>
/// <param name="rights">The right.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsAttribute(KeyRights rights) : Attribute
{
    /// <summary>The right.</summary>
    public KeyRights Rights { get; } = rights;

    /// <summary>
    /// Whether the endpoint needs a caller who sees every source, because it answers for all sources. Other endpoints use the <see cref="Caller"/> to
    /// omit what the caller does not see.
    /// </summary>
    public bool EverySource { get; init; }
}
