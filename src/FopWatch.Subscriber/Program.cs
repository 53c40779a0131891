using System.CommandLine;
using System.Globalization;
using Azure.Identity;
using Azure.Messaging.ServiceBus;
using FopWatch.Contracts;
using FopWatch.Subscriber;

const string NamespaceVariable = "FOPWATCH_SERVICEBUS_NAMESPACE";
const string ConnectionVariable = "FOPWATCH_SERVICEBUS_CONNECTION";

Option<string?> namespaceOption = new("--namespace")
{
    Description = $"Namespace in Azure, such as contoso.servicebus.windows.net, with DefaultAzureCredential (or {NamespaceVariable})",
    DefaultValueFactory = _ => Environment.GetEnvironmentVariable(NamespaceVariable),
};
Option<string> topic = new("--topic")
{
    Description = "Topic (or FOPWATCH_TOPIC)",
    DefaultValueFactory = _ => Environment.GetEnvironmentVariable("FOPWATCH_TOPIC") ?? "fopwatch-events",
};
Option<string> subscription = new("--subscription")
{
    Description = "Subscription (or FOPWATCH_SUBSCRIPTION)",
    DefaultValueFactory = _ => Environment.GetEnvironmentVariable("FOPWATCH_SUBSCRIPTION") ?? "all",
};
Option<int> concurrency = new("--concurrency")
{
    Description = "Events handled at once",
    DefaultValueFactory = _ => 4,
};
concurrency.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() < 1)
        result.AddError("--concurrency must be at least 1.");
});

// A connection string holds a key, so it is no option: command lines are for all to see.
var root = new RootCommand($"Receives FopWatch's events and prints how jobs ended. For a local emulator set {ConnectionVariable}.")
{
    namespaceOption,
    topic,
    subscription,
    concurrency,
};
root.SetAction(async (arguments, stopping) =>
{
    var connectionString = Environment.GetEnvironmentVariable(ConnectionVariable);
    var host = arguments.GetValue(namespaceOption);
    if (string.IsNullOrEmpty(connectionString) && string.IsNullOrEmpty(host))
    {
        Console.Error.WriteLine($"Give --namespace, or set {ConnectionVariable}.");
        return 2;
    }

    try
    {
        await using ServiceBusClient client = string.IsNullOrEmpty(host) ? new(connectionString) : new(host, new DefaultAzureCredential());
        var options = new SubscriberOptions
        {
            Topic = arguments.GetValue(topic)!,
            Subscription = arguments.GetValue(subscription)!,
            Concurrency = arguments.GetValue(concurrency),
        };
        await new JobEventSubscriber(client, options, HandleAsync, Console.Out, TimeProvider.System).RunAsync(stopping);
        return 0;
    }
    catch (Exception e) when (e is ServiceBusException or UnauthorizedAccessException or ArgumentException or FormatException)
    {
        Console.Error.WriteLine(e.Message);
        return 1;
    }
});
return await root.Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });

// Here a real subscriber does its work: publishes the lesson, bills the customer, tells the user.
static Task HandleAsync(JobEvent one, CancellationToken cancellationToken)
{
    var job = one.Data;
    var counts = string.Create(CultureInfo.InvariantCulture, $"{job.Counts.Succeeded} of {job.Counts.Total} succeeded");
    Console.WriteLine($"{(job.Settled ? "settled" : "progress"),-10} {job.Source} {job.Id} version {job.Version}: {job.State}, {counts}");
    return Task.CompletedTask;
}
