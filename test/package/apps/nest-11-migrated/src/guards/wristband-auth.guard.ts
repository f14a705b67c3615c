export { WristbandAuthGuard } from 'nestjs-wristband';
