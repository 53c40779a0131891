using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Azure.Identity;
using Azure.Messaging.ServiceBus;
using FopWatch.Contracts;

namespace FopWatch.Subscriber;

internal sealed class SubscriberCommand
{
    private const int Ended = 0;
    private const int Refused = 1;
    private const int WrongUsage = 2;

    private const string NamespaceVariable = "FOPWATCH_SERVICEBUS_NAMESPACE";
    private const string ConnectionVariable = "FOPWATCH_SERVICEBUS_CONNECTION";
    private const string KeyVariable = "FOPWATCH_API_KEY";
    private const int MaxConcurrency = 1000;

    private readonly Option<Uri?> _host = new("--host")
    {
        Description = $"URL of an embedded host, such as http://127.0.0.1:7071; its API key, if any, is read from {KeyVariable}",
        CustomParser = result =>
        {
            if (Uri.TryCreate(result.Tokens[0].Value.TrimEnd('/') + "/", UriKind.Absolute, out var url)
                && url.Scheme is "http" or "https"
                && url.Query.Length + url.Fragment.Length + url.UserInfo.Length == 0)
            {
                return url;
            }

            result.AddError($"--host: '{result.Tokens[0].Value}' is not an http or https URL, such as http://127.0.0.1:7071.");
            return null;
        },
    };

    private readonly Option<string?> _source = new("--source") { Description = "With --host: only the events of this source" };

    private readonly Option<string> _position = new("--position")
    {
        Description = "With --host: the file that stores the position in the stream",
        DefaultValueFactory = _ => "fopwatch-position",
    };

    private readonly Option<string?> _namespace = new("--namespace")
    {
        Description = $"Namespace in Azure, such as contoso.servicebus.windows.net, with DefaultAzureCredential (or {NamespaceVariable})",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(NamespaceVariable),
    };

    private readonly Option<string> _topic = new("--topic")
    {
        Description = "Topic (or FOPWATCH_TOPIC)",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("FOPWATCH_TOPIC") ?? "fopwatch-events",
    };

    private readonly Option<string> _subscription = new("--subscription")
    {
        Description = "Subscription (or FOPWATCH_SUBSCRIPTION)",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("FOPWATCH_SUBSCRIPTION") ?? "all",
    };

    private readonly Option<int> _concurrency = new("--concurrency")
    {
        Description = $"Events from Service Bus handled concurrently, 1 to {MaxConcurrency}",
        DefaultValueFactory = _ => 4,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= MaxConcurrency)
                return number;

            result.AddError($"--concurrency: '{text}' is not a whole number from 1 to {MaxConcurrency}.");
            return default;
        },
    };

    /// <summary>Creates the options with their validation.</summary>
    public SubscriberCommand()
    {
        _topic.Validators.Add(result => RequireText(result, _topic, "FOPWATCH_TOPIC"));
        _subscription.Validators.Add(result => RequireText(result, _subscription, "FOPWATCH_SUBSCRIPTION"));
        _position.Validators.Add(result => RequireText(result, _position));
        _source.Validators.Add(result =>
        {
            if (!result.Implicit)
                RequireText(result, _source);
        });
        _namespace.Validators.Add(result =>
        {
            // An empty variable counts as not set.
            if (result.GetValue(_namespace) is { } name && (name.Length > 0 || !result.Implicit) && Uri.CheckHostName(name) != UriHostNameType.Dns)
                result.AddError($"--namespace (or {NamespaceVariable}): '{name}' is not a host name, such as contoso.servicebus.windows.net.");
        });
    }

    /// <summary>Runs until the process is asked to stop.</summary>
    /// <returns>0 after a stop; 1 if the bus or the host refuses; 2 for wrong usage.</returns>
    public async Task<int> RunAsync(string[] args)
    {
        // A connection string and an API key are not options, because other users can see command lines.
        var root = new RootCommand(
            $"Receives FopWatch's events and prints how jobs ended: from an embedded host, or from Service Bus. For a Service Bus emulator, set {ConnectionVariable}.")
        {
            _host,
            _source,
            _position,
            _namespace,
            _topic,
            _subscription,
            _concurrency,
        };
        root.SetAction(ReceiveAsync);

        // The parser ignores unknown directives, and the one that it knows throws if its value is not a number.
        root.Directives.Clear();
        if (args is [['[', .., ']'] directive, ..])
            return RefuseUsage($"Unrecognized command or argument '{directive}'.");

        // No response files: an argument that begins with @ is an ordinary argument.
        var parsed = root.Parse(args, new() { ResponseFileTokenReplacer = null });
        return parsed.Action is ParseErrorAction
            ? RefuseUsage([.. parsed.Errors.Select(error => error.Message).Distinct()])
            : await parsed.InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
    }

    private async Task<int> ReceiveAsync(ParseResult arguments, CancellationToken stopping)
    {
        try
        {
            if (arguments.GetValue(_host) is { } host)
                return await FromStreamAsync(arguments, host, stopping);
            return await FromBusAsync(arguments, stopping);
        }
        catch (StreamRefusedException e)
        {
            return Refuse(e.Message);
        }
        catch (Exception e) when (e is ServiceBusException or UnauthorizedAccessException or ArgumentException or FormatException or IOException)
        {
            return Refuse(OneLine.Of(e.Message));
        }
    }

    private async Task<int> FromStreamAsync(ParseResult arguments, Uri host, CancellationToken stopping)
    {
        var key = Environment.GetEnvironmentVariable(KeyVariable);
        if (key?.Any(c => c is < ' ' or > '~') == true)
            return RefuseUsage($"{KeyVariable} has characters that are not allowed in an HTTP header.");

        // The key must not be sent to another host. A proxy is not used for traffic on this machine.
        using var http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = !host.IsLoopback,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            AutomaticDecompression = DecompressionMethods.All,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (!string.IsNullOrEmpty(key))
            http.DefaultRequestHeaders.Add("X-Api-Key", key);
        var options = new StreamOptions
        {
            Host = host,
            PositionFile = arguments.GetValue(_position)!,
            Source = arguments.GetValue(_source),
        };
        await new StreamSubscriber(http, options, HandleAsync, Console.Out, TimeProvider.System).RunAsync(stopping);
        return Ended;
    }

    private async Task<int> FromBusAsync(ParseResult arguments, CancellationToken stopping)
    {
        var connectionString = Environment.GetEnvironmentVariable(ConnectionVariable);
        var name = arguments.GetValue(_namespace);
        if (string.IsNullOrEmpty(connectionString) && string.IsNullOrEmpty(name))
            return RefuseUsage($"Give --host or --namespace, or set {ConnectionVariable}.");

        ServiceBusClient client;
        try
        {
            client = string.IsNullOrEmpty(name) ? new(connectionString) : new(name, new DefaultAzureCredential());
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            // The message could contain the key.
            return RefuseUsage(string.IsNullOrEmpty(name)
                ? $"{ConnectionVariable} is not a connection string of a Service Bus namespace."
                : $"--namespace (or {NamespaceVariable}): '{name}' is not a Service Bus namespace.");
        }

        await using var connection = client;
        var options = new SubscriberOptions
        {
            Topic = arguments.GetValue(_topic)!,
            Subscription = arguments.GetValue(_subscription)!,
            Concurrency = arguments.GetValue(_concurrency),
        };
        await new JobEventSubscriber(client, options, HandleAsync, Console.Out, TimeProvider.System).RunAsync(stopping);
        return Ended;
    }

    // A real subscriber does its work here: it publishes the lesson, bills the customer, informs the user.
    private static Task HandleAsync(JobEvent one, CancellationToken cancellationToken)
    {
        var job = one.Data;
        var counts = string.Create(CultureInfo.InvariantCulture, $"{job.Counts.Succeeded} of {job.Counts.Total} succeeded");
        Console.WriteLine($"{(job.Settled ? "settled" : "progress"),-10} {job.Source} {job.Id} version {job.Version}: {job.State}, {counts}");
        return Task.CompletedTask;
    }

    private static void RequireText<T>(OptionResult result, Option<T> option, string? variable = null)
    {
        if (string.IsNullOrWhiteSpace(result.GetValue(option) as string))
            result.AddError($"{option.Name}{(variable is null ? "" : $" (or {variable})")} is empty.");
    }

    private static int Refuse(string problem)
    {
        Console.Error.WriteLine(problem);
        return Refused;
    }

    private static int RefuseUsage(params string[] problems)
    {
        foreach (var problem in problems)
            Console.Error.WriteLine(problem);
        Console.Error.WriteLine("Usage: FopWatch.Subscriber [options]; --help lists them.");
        return WrongUsage;
    }
}
