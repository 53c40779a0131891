using FopWatch.Client;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers a FopWatch client with dependency injection.</summary>
public static class FopWatchClientServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IFopWatchClient"/>. Invalid options stop the application at its start. A singleton may depend on the client: it
    /// renews its connections every 5 minutes.
    /// </summary>
    /// <remarks>
    /// The loggers of the HTTP client factory are removed, because they log URLs, and anyone who has the id of a job can ask the provider
    /// for its files. An added message handler needs no retries: <see cref="FopWatchClientOptions.RetryFor"/> provides them.
    /// </remarks>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>The builder of the underlying HTTP client, to add message handlers to.</returns>
    public static IHttpClientBuilder AddFopWatchClient(this IServiceCollection services, Action<FopWatchClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddSingleton<IValidateOptions<FopWatchClientOptions>, Validation>();
        services.AddOptions<FopWatchClientOptions>().Configure(configure).ValidateOnStart();
        return services
            .AddHttpClient(nameof(FopWatchClient))
            .ConfigurePrimaryHttpMessageHandler(provider => FopWatchClient.CreateHandler(OptionsOf(provider)))
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers()
            .AddTypedClient<IFopWatchClient>((http, provider) => new FopWatchClient(http, OptionsOf(provider), provider.GetService<TimeProvider>()));
    }

    private static FopWatchClientOptions OptionsOf(IServiceProvider provider) => provider.GetRequiredService<IOptions<FopWatchClientOptions>>().Value;

    private sealed class Validation : IValidateOptions<FopWatchClientOptions>
    {
        public ValidateOptionsResult Validate(string? name, FopWatchClientOptions options) =>
            options.Problems().ToList() is { Count: > 0 } problems
                ? ValidateOptionsResult.Fail(problems.Select(problem => $"{nameof(FopWatchClientOptions)}: {problem}"))
                : ValidateOptionsResult.Success;
    }
}
