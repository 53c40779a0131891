using FopWatch.Settings;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Api;

/// <summary>Reads the settings of a host from its configuration: what both hosts read and check, in one place.</summary>
public static class ConfiguredSettings
{
    /// <summary>
    /// Reads the shared settings, the host's own and the exporter's, and reports all that is wrong with any of them together.
    /// </summary>
    /// <typeparam name="T">The settings of the host.</typeparam>
    /// <param name="configuration">The configuration.</param>
    /// <param name="host">Reads the host's own settings: see <see cref="FopWatchSettings.Read{T}"/>.</param>
    /// <param name="lists">Where the settings file has lists, below <see cref="FopWatchSettings.Section"/>; null if that is not known.</param>
    /// <exception cref="SettingsException">Something is wrong; it names every problem.</exception>
    public static T Read<T>(
        IConfiguration configuration,
        Func<SettingsReader, FopWatchSettings, T> host,
        IReadOnlyCollection<string>? lists = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return FopWatchSettings.Read(Written(configuration), Check, lists);

        T Check(SettingsReader reader, FopWatchSettings shared)
        {
            if (configuration[FopWatchSettings.Section] is not null)
                reader.Problem("", "is a single value: it takes a map from names to settings");
            reader.ProblemOutside(OtlpSettings.Problems(name => configuration[name]));
            return host(reader, shared);
        }
    }

    /// <summary>
    /// All settings of the section, as whoever wrote them spelled their names. Names of configurations have no case, and where the settings
    /// file says <c>media</c> and a variable of the environment <c>MEDIA</c>, asking the configuration as a whole gives one of them. So each
    /// provider is asked for its own, and the one that overrides all others comes last.
    /// </summary>
    private static IEnumerable<KeyValuePair<string, string?>> Written(IConfiguration configuration) =>
        configuration is IConfigurationRoot root
            ? root.Providers.SelectMany(provider => Below(provider, FopWatchSettings.Section))
            : configuration.GetSection(FopWatchSettings.Section).AsEnumerable(makePathsRelative: true);

    private static IEnumerable<KeyValuePair<string, string?>> Below(IConfigurationProvider provider, string path)
    {
        foreach (var child in provider.GetChildKeys([], path).Distinct(StringComparer.Ordinal))
        {
            var name = $"{path}:{child}";
            if (provider.TryGet(name, out var value))
                yield return new(name[(FopWatchSettings.Section.Length + 1)..], value);
            foreach (var below in Below(provider, name))
                yield return below;
        }
    }
}
