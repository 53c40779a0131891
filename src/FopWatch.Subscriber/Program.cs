using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using Azure.Identity;
using Azure.Messaging.ServiceBus;
using FopWatch.Contracts;
using FopWatch.Subscriber;

const string NamespaceVariable = "FOPWATCH_SERVICEBUS_NAMESPACE";
const string ConnectionVariable = "FOPWATCH_SERVICEBUS_CONNECTION";
const int MaxConcurrency = 1000;

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
    Description = $"Events handled at once: 1 to {MaxConcurrency}",
    DefaultValueFactory = _ => 4,
    CustomParser = result =>
    {
        if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= MaxConcurrency)
            return number;
        result.AddError($"--concurrency: '{result.Tokens[0].Value}' is not a whole number from 1 to {MaxConcurrency}.");
        return default;
    },
};
topic.Validators.Add(result => RequireText(result, topic, "FOPWATCH_TOPIC"));
subscription.Validators.Add(result => RequireText(result, subscription, "FOPWATCH_SUBSCRIPTION"));
namespaceOption.Validators.Add(result =>
{
    // An empty variable is one that is not set.
    if (result.GetValue(namespaceOption) is { } name && (name.Length > 0 || !result.Implicit) && Uri.CheckHostName(name) != UriHostNameType.Dns)
        result.AddError($"--namespace (or {NamespaceVariable}): '{name}' is not a host name such as contoso.servicebus.windows.net.");
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
        return Refuse($"Give --namespace, or set {ConnectionVariable}.");
    }

    ServiceBusClient client;
    try
    {
        client = string.IsNullOrEmpty(host) ? new(connectionString) : new(host, new DefaultAzureCredential());
    }
    catch (Exception e) when (e is ArgumentException or FormatException)
    {
        // The message may repeat the key.
        return Refuse(string.IsNullOrEmpty(host)
            ? $"{ConnectionVariable} is not a connection string of a Service Bus namespace."
            : $"--namespace (or {NamespaceVariable}): '{host}' is not a Service Bus namespace.");
    }

    await using var connection = client;
    try
    {
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

// The parser passes over directives that it does not know, and the one that it knows throws at what is no number.
root.Directives.Clear();
if (args is [['[', .., ']'] directive, ..])
    return Refuse($"Unrecognized command or argument '{directive}'.");

// An argument that begins with @ is not the name of a file with more of them.
var parsed = root.Parse(args, new() { ResponseFileTokenReplacer = null });
return parsed.Action is ParseErrorAction
    ? Refuse([.. parsed.Errors.Select(error => error.Message).Distinct()])
    : await parsed.InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });

static void RequireText(OptionResult result, Option<string> option, string variable)
{
    if (string.IsNullOrWhiteSpace(result.GetValue(option)))
        result.AddError($"{option.Name} (or {variable}) is empty.");
}

static int Refuse(params string[] problems)
{
    foreach (var problem in problems)
        Console.Error.WriteLine(problem);
    Console.Error.WriteLine("Usage: FopWatch.Subscriber [options]; --help lists them.");
    return 2;
}

// Here a real subscriber does its work: publishes the lesson, bills the customer, tells the user.
static Task HandleAsync(JobEvent one, CancellationToken cancellationToken)
{
    var job = one.Data;
    var counts = string.Create(CultureInfo.InvariantCulture, $"{job.Counts.Succeeded} of {job.Counts.Total} succeeded");
    Console.WriteLine($"{(job.Settled ? "settled" : "progress"),-10} {job.Source} {job.Id} version {job.Version}: {job.State}, {counts}");
    return Task.CompletedTask;
}
