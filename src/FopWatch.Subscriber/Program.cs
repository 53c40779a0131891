using FopWatch.Subscriber;

return await new SubscriberCommand().RunAsync(args);
