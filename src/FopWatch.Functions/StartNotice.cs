using FopWatch.Api;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions;

/// <summary>
/// Logs the app's configuration once per process. The first timer does it, because the Functions host drops log messages of a worker outside of
/// invocations.
/// </summary>
public sealed class StartNotice
{
    private readonly CloudSettings _settings;
    private readonly ILogger<StartNotice> _logger;
    private int _given;

    internal StartNotice(CloudSettings settings, ILogger<StartNotice> logger) => (_settings, _logger) = (settings, logger);

    /// <summary>Logs at the first call.</summary>
    public void Give()
    {
        if (Interlocked.Exchange(ref _given, 1) == 1)
            return;

        _logger.Running(_settings.Shared.Sources.All.Count, _settings.ServiceBus?.Host ?? "nothing");
        if (_settings.Otlp is { } endpoint)
            _logger.Exporting(endpoint);
        if (_settings.Shared.Sources.All.Count == 0)
            _logger.NoSources();
        foreach (var warning in _settings.Shared.Warnings(listening: null))
            _logger.DoubtfulSetting(warning);
        if (_settings.ServiceBus is null)
            _logger.NoServiceBus();
    }
}
