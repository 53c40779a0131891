namespace FopWatch.Settings;

/// <summary>
/// References to secrets that App Service and Azure Functions replace by the secret before an app reads its settings. A reference that the
/// platform cannot resolve reaches the app as it was written, and whoever knows how references are written could guess it.
/// </summary>
public static class SecretReference
{
    // Of Key Vault and of App Configuration.
    private static readonly string[] Beginnings = ["@Microsoft.KeyVault(", "@Microsoft.AppConfiguration("];

    /// <summary>Whether a value is a reference that was not resolved.</summary>
    public static bool IsUnresolved(string? value) =>
        value is not null && Array.Exists(Beginnings, beginning => value.AsSpan().TrimStart().StartsWith(beginning, StringComparison.OrdinalIgnoreCase));

    /// <summary>The problem of a setting that has such a value, for <see cref="SettingsException"/>.</summary>
    /// <param name="name">The setting's full name.</param>
    public static string ProblemOf(string name) =>
        $"{name} is a reference that was not resolved: check that the secret exists and that the app's identity and network may read it";
}
