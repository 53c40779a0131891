using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tests;
using FopWatch.Settings;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

public class CompositionTests(SharedAzurite azurite)
{
    /// <summary>As a host in development does at its start.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Everything_that_the_functions_need_is_there_with_a_service_bus_and_without(bool withBus)
    {
        var cloud = new CloudSettings
        {
            Shared = FopWatchSettings.Read([]),
            Tables = (await azurite.StartedAsync()).Client(),
            Table = new() { TableName = $"t{Guid.NewGuid():N}" },
            ServiceBus = withBus
                ? ServiceBusConnection.ToEmulator("Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=a;SharedAccessKey=YQ==;UseDevelopmentEmulator=true;")
                : null,
            Topic = ServiceBusPublisherOptions.DefaultTopicName,
        };
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddFopWatch(cloud, await Composition.OpenStoreAsync(cloud, TimeProvider.System, TestContext.Current.CancellationToken), TimeProvider.System);
        var functions = typeof(Composition).Assembly.GetTypes()
            .Where(type => type is { IsAbstract: false } && type.GetMethods().Any(method => method.IsDefined(typeof(FunctionAttribute), false)))
            .ToList();
        foreach (var function in functions)
            services.AddTransient(function);

        await using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

        Assert.True(functions.Count >= 8, $"Only {functions.Count} classes have functions.");
        Assert.All(functions, function => Assert.NotNull(provider.GetRequiredService(function)));
    }
}
