namespace FopWatch.Settings;

/// <summary>
/// References to secrets. App Service and Azure Functions replace a reference by its secret before an app reads its settings. A reference that
/// the platform cannot resolve reaches the app as text. That text can be guessed, so it must never serve as a secret.
/// </summary>
public static class SecretReference
{
    private static readonly string[] Beginnings = ["@Microsoft.KeyVault(", "@Microsoft.AppConfiguration("];

    /// <summary>Whether a value is an unresolved reference to a secret in Key Vault or App Configuration.</summary>
    public static bool IsUnresolved(string? value) =>
        value is not null && Array.Exists(Beginnings, beginning => value.AsSpan().TrimStart().StartsWith(beginning, StringComparison.OrdinalIgnoreCase));

    /// <summary>The problem to report in <see cref="SettingsException"/> for an unresolved reference.</summary>
    /// <param name="name">The setting's full name.</param>
    public static string ProblemOf(string name) =>
        $"{name} is a reference that was not resolved: check that the secret exists and that the app's identity and network may read it";
}
